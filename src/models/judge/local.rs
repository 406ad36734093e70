//! The local judge: word, number and vector evidence, weighed by a logistic regression learned offline.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use domain::{Claim, Embedder, EngineResult, GroundednessJudge, Judgement, Passage, Span, Verdict};
use serde::Deserialize;

use super::{
    evidence::Evidence,
    features::{Comparison, FEATURE_COUNT, FEATURE_NAMES, Wanted, compare},
};
use crate::{Error, LocalJudgeConfig, Result};

/// Sentences per claim whose meaning is compared; the others are ruled out by their words.
const COMPARED: usize = 6;

/// A claim of fewer content terms says nothing that could be proved: "A leave is a leave."
const LEAST_TERMS: usize = 2;

/// Judges without a language model.
pub struct LocalJudge {
    embedder: Arc<dyn Embedder>,
    weights: [f32; FEATURE_COUNT],
    bias: f32,
    supported: f32,
    partial: f32,
}

/// A claim held against some passages: the evidence for the verdict, before any threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// In the order of [`FEATURE_NAMES`]; `None` when the claim is a verbatim quote or there is nothing to compare with.
    pub features: Option<[f32; FEATURE_COUNT]>,
    /// Probability in 0..=1 that the passages support the claim.
    pub score: f32,
    /// A number is missing or the statement is turned round.
    pub is_contradicted: bool,
    /// Passage and range of the nearest sentence.
    pub evidence: Option<(usize, Span)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "provenance")]
    _provenance: String,
    bias: f32,
    supported: f32,
    partial: f32,
    weights: BTreeMap<String, f32>,
}

/// A claim whose nearest sentences are known by their words and not yet by meaning.
struct Pending<'a> {
    claim: &'a str,
    wanted: Wanted,
    allowed: Vec<usize>,
    nearest: Vec<usize>,
}

impl LocalJudge {
    pub fn new(config: &LocalJudgeConfig, embedder: Arc<dyn Embedder>) -> Result<Self> {
        let table: Table =
            toml::from_str(include_str!("weights.toml")).map_err(|error| Error::Engine(error.to_string()))?;
        let mut weights = [0.0; FEATURE_COUNT];
        for (weight, name) in weights.iter_mut().zip(FEATURE_NAMES) {
            let known = table.weights.get(name).copied();
            *weight = known.ok_or_else(|| Error::Engine(format!("the judge's table has no weight for {name}")))?;
        }
        let supported = config.supported.unwrap_or(table.supported);
        let partial = config.partial.unwrap_or(table.partial).min(supported);
        Ok(Self { embedder, weights, bias: table.bias, supported, partial })
    }

    /// Holds each claim, with the indices of the passages it may rest on, against them.
    pub async fn findings(&self, claims: &[(&str, Vec<usize>)], passages: &[&str]) -> EngineResult<Vec<Finding>> {
        let evidence = Evidence::of(passages);
        let mut findings =
            vec![Finding { features: None, score: 0.0, is_contradicted: true, evidence: None }; claims.len()];
        let mut pending = Vec::new();
        for (index, (claim, allowed)) in claims.iter().enumerate() {
            if let Some(quote) = evidence.quote(claim, allowed) {
                findings[index] = Finding { features: None, score: 1.0, is_contradicted: false, evidence: Some(quote) };
                continue;
            }
            let wanted = Wanted::of(claim);
            let nearest = evidence.nearest(&wanted.terms, allowed, COMPARED);
            if !nearest.is_empty() && wanted.terms.len() >= LEAST_TERMS {
                pending.push((index, Pending { claim, wanted, allowed: allowed.clone(), nearest }));
            }
        }
        let cosines = self.cosines(&evidence, &pending).await?;
        for ((index, pending), cosines) in pending.into_iter().zip(cosines) {
            findings[index] = self.weigh(&pending, &evidence, &cosines);
        }
        Ok(findings)
    }

    /// For each pending claim the cosine to each of its nearest sentences, in one call to the embedder.
    async fn cosines(&self, evidence: &Evidence, pending: &[(usize, Pending<'_>)]) -> EngineResult<Vec<Vec<f32>>> {
        let mut texts: Vec<String> = Vec::new();
        for (_, pending) in pending {
            texts.push(pending.claim.to_owned());
            texts.extend(pending.nearest.iter().map(|&unit| evidence.units[unit].text.clone()));
        }
        texts.sort();
        texts.dedup();
        let vectors = self.embedder.embed_passages(&texts).await?;
        let vector =
            |text: &str| texts.binary_search_by(|known| known.as_str().cmp(text)).ok().and_then(|at| vectors.get(at));
        let cosine = |a: &str, b: &str| match (vector(a), vector(b)) {
            (Some(a), Some(b)) => a.iter().zip(b).map(|(x, y)| x * y).sum(),
            _ => 0.0,
        };
        let of = |pending: &Pending| {
            pending.nearest.iter().map(|&unit| cosine(pending.claim, &evidence.units[unit].text)).collect()
        };
        Ok(pending.iter().map(|(_, pending)| of(pending)).collect())
    }

    /// The finding with the sentence that supports best.
    fn weigh(&self, pending: &Pending, evidence: &Evidence, cosines: &[f32]) -> Finding {
        let mut best: Option<Finding> = None;
        for (&unit, &cosine) in pending.nearest.iter().zip(cosines) {
            let compared = compare(pending.claim, &pending.wanted, evidence, &pending.allowed, unit, cosine);
            let score = self.probability(&compared);
            if best.as_ref().is_none_or(|best| score > best.score) {
                let place = evidence.units.get(unit).map(|unit| (unit.passage, unit.span));
                best = Some(Finding {
                    features: Some(compared.features),
                    score,
                    is_contradicted: compared.is_contradicted,
                    evidence: place,
                });
            }
        }
        best.unwrap_or(Finding { features: None, score: 0.0, is_contradicted: true, evidence: None })
    }

    fn probability(&self, compared: &Comparison) -> f32 {
        let sum: f32 = compared.features.iter().zip(self.weights).map(|(value, weight)| value * weight).sum();
        1.0 / (1.0 + (-(sum + self.bias)).exp())
    }

    fn judgement(&self, finding: &Finding) -> Judgement {
        let verdict = if finding.is_contradicted {
            Verdict::Unsupported
        } else if finding.score >= self.supported {
            Verdict::Supported
        } else if finding.score >= self.partial {
            Verdict::Partial
        } else {
            Verdict::Unsupported
        };
        Judgement { verdict, score: finding.score, evidence: finding.evidence }
    }
}

#[async_trait]
impl GroundednessJudge for LocalJudge {
    /// A claim rests on the passages it cites, on all when it cites none; where the cited ones do not
    /// support it and another does, that one is reported.
    async fn judge(&self, claims: &[Claim], passages: &[Passage]) -> EngineResult<Vec<Judgement>> {
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
        let all: Vec<usize> = (0..texts.len()).collect();
        let asked: Vec<(&str, Vec<usize>)> = claims
            .iter()
            .map(|claim| {
                let cited: Vec<usize> = claim.cited.iter().copied().filter(|index| *index < texts.len()).collect();
                (claim.text.as_str(), if cited.is_empty() { all.clone() } else { cited })
            })
            .collect();
        let mut judgements: Vec<Judgement> =
            self.findings(&asked, &texts).await?.iter().map(|finding| self.judgement(finding)).collect();
        let doubtful: Vec<usize> = (0..claims.len())
            .filter(|&index| judgements[index].verdict < Verdict::Supported && asked[index].1.len() < all.len())
            .collect();
        let wider: Vec<(&str, Vec<usize>)> = doubtful.iter().map(|&index| (asked[index].0, all.clone())).collect();
        for (&index, finding) in doubtful.iter().zip(self.findings(&wider, &texts).await?) {
            let judgement = self.judgement(&finding);
            if judgement.verdict > judgements[index].verdict {
                judgements[index] = judgement;
            }
        }
        Ok(judgements)
    }
}

#[cfg(test)]
mod tests;
