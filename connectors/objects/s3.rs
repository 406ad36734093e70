//! Amazon S3 and what speaks its protocol: MinIO, Ceph, R2, Wasabi, Garage.
//!
//! [ListObjectsV2](https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html) and
//! [GetObject](https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).

use domain::{Connector, EngineError, EngineResult};
use opendal::{Operator, services::S3};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{
    Objects,
    choose::{Choice, default_max_file_bytes},
    cloud::{Cloud, address, folder_prefix, refused},
};
use crate::{Parts, Secret, SourceConfig};

/// Settings of an S3 source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// Name of the bucket.
    pub bucket: String,
    /// The bucket's region, e.g. `eu-central-1`. Other systems than Amazon's mostly want `us-east-1` or `auto`.
    #[serde(default = "default_region")]
    pub region: String,
    /// Address of another system than Amazon's, e.g. `https://minio.example.org`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Whether the bucket's name goes into the host name (`https://bucket.host/`) instead of the path.
    #[serde(default)]
    pub bucket_in_host: bool,
    /// Access key with the rights `s3:ListBucket` and `s3:GetObject`; none for a public bucket.
    #[serde(default)]
    pub access_key_id: Option<String>,
    /// Secret of the access key.
    #[serde(default)]
    pub secret_access_key: Option<Secret>,
    /// Only objects below this folder of the bucket are read.
    #[serde(default)]
    pub prefix: String,
    /// Only objects whose key matches one of these patterns are read; all when there is none. `docs/**` and
    /// `docs` mean everything below `docs`, `*.md` means such files at any depth.
    #[serde(default)]
    pub include: Vec<String>,
    /// Objects whose key matches one of these patterns are not read, even if included.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Largest object that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
}

fn default_region() -> String {
    "us-east-1".into()
}

impl SourceConfig for S3Config {
    const KIND: &'static str = "s3";
    const TITLE: &'static str = "Amazon S3";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let choice = Choice::new(&self.include, &self.exclude, self.max_file_bytes)?;
        Objects::connector(self.store(&parts, None)?, choice, &parts, Self::TITLE)
    }
}

impl S3Config {
    pub(super) fn store(&self, parts: &Parts, page: Option<usize>) -> EngineResult<Cloud> {
        let mut builder =
            S3::default().bucket(&self.bucket).region(&self.region).disable_config_load().disable_ec2_metadata();
        if let Some(endpoint) = &self.endpoint {
            builder = builder.endpoint(address(&parts.http, "endpoint", endpoint)?.as_str());
        }
        if self.bucket_in_host {
            builder = builder.enable_virtual_host_style();
        }
        builder = match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), Some(secret)) => builder.access_key_id(id).secret_access_key(secret.expose()),
            (None, None) => builder.skip_signature(),
            _ => {
                return Err(EngineError::give_up(
                    "settings of a s3 source: `access_key_id` and `secret_access_key` are needed together",
                ));
            }
        };
        Ok(Cloud {
            name: format!("bucket {}", self.bucket),
            operator: Operator::new(builder).map_err(|error| refused(Self::KIND, &error))?,
            http: parts.http.clone(),
            prefix: folder_prefix(&self.prefix),
            most_bytes: self.max_file_bytes,
            page_mark: "<ListBucketResult",
            page,
            opens_at: self.opens_at()?,
        })
    }

    fn opens_at(&self) -> EngineResult<Url> {
        let default = format!("https://s3.{}.amazonaws.com", self.region);
        let endpoint = self.endpoint.as_deref().unwrap_or(&default).trim_end_matches('/');
        let url = format!("{endpoint}/{}/", self.bucket).parse();
        url.map_err(|error| EngineError::give_up(format!("settings of a s3 source: bucket `{}`: {error}", self.bucket)))
    }
}
