//! Signed assertions by which a service account asks for a token (RFC 7523, RS256).

use std::sync::Arc;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{EngineError, EngineResult};
use jiff::Timestamp;
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::json;

use crate::Secret;

/// How long an assertion holds; longer than one exchange, shorter than anybody could use it for anything else.
const LIFETIME_SECS: i64 = 600;

/// Who signs, and on whose behalf. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Signer {
    issuer: String,
    subject: Option<String>,
    key: Arc<RsaKeyPair>,
}

impl Signer {
    /// `private_key`: PKCS #8 in PEM.
    ///
    /// # Errors
    /// For anything but an RSA key.
    pub(crate) fn new(issuer: &str, subject: Option<&str>, private_key: &Secret) -> EngineResult<Self> {
        let wrong = || EngineError::give_up("the service account's private key is no RSA key (PKCS #8, PEM)");
        let der = PrivatePkcs8KeyDer::from_pem_slice(private_key.expose().as_bytes()).map_err(|_| wrong())?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| wrong())?;
        Ok(Self { issuer: issuer.to_owned(), subject: subject.map(str::to_owned), key: Arc::new(key) })
    }

    pub(crate) fn assertion(&self, audience: &str, scope: Option<&str>, now: Timestamp) -> EngineResult<Secret> {
        let mut claims = json!({
            "iss": self.issuer,
            "aud": audience,
            "iat": now.as_second(),
            "exp": now.as_second() + LIFETIME_SECS,
        });
        for (name, value) in [("sub", self.subject.as_deref()), ("scope", scope)] {
            if let Some(value) = value {
                claims[name] = json!(value);
            }
        }
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| EngineError::give_up("sign with the service account's private key: it cannot sign"))?;
        Ok(Secret::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).as_str()))
    }
}
