//! A search within a budget that records its attempts.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::provider::Algorithm;
use crate::signature::{Cause, digest};

/// Budget of a diagnosis.
#[derive(Clone, Copy)]
pub struct Budget<'b> {
    /// Limit on the bytes hashed.
    pub bytes: u64,
    /// Called between two digests; the search ends when it returns false.
    pub go_on: &'b dyn Fn() -> bool,
}

impl Budget<'_> {
    /// The bytes hashed in about a second; no clock is needed.
    pub const BYTES: u64 = 1 << 30;
}

impl std::fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// A kind of hypothesis, with the number of computations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    pub what: &'static str,
    pub count: usize,
}

pub(in crate::signature) struct Search<'b> {
    budget: Budget<'b>,
    pub(in crate::signature) tried: Vec<Tried>,
    over: bool,
    pub(super) keys: Vec<Zeroizing<Vec<u8>>>,
    pub(super) algorithm: Algorithm,
    /// The digests received.
    pub(super) received: Vec<Vec<u8>>,
}

impl<'b> Search<'b> {
    pub(in crate::signature) fn new(budget: Budget<'b>) -> Self {
        Self {
            budget,
            tried: Vec::new(),
            over: false,
            keys: Vec::new(),
            algorithm: Algorithm::default(),
            received: Vec::new(),
        }
    }

    /// Returns true if it ended before everything was tried.
    pub(in crate::signature) fn is_over(&self) -> bool {
        self.over
    }

    /// Starts a kind of hypothesis.
    pub(in crate::signature) fn family(&mut self, what: &'static str) {
        if self.tried.last().is_none_or(|last| last.what != what) {
            match self.tried.iter().position(|known| known.what == what) {
                Some(at) => {
                    let known = self.tried.remove(at);
                    self.tried.push(known);
                }
                None => self.tried.push(Tried { what, count: 0 }),
            }
        }
    }

    pub(in crate::signature) fn count(&mut self) {
        if let Some(last) = self.tried.last_mut() {
            last.count += 1;
        }
    }

    /// Takes the cost of a digest of this many bytes from the budget; false if it is used up.
    fn spend(&mut self, bytes: usize) -> bool {
        // Even a digest of nothing has a cost.
        let cost = bytes as u64 + 64;
        if self.over || cost > self.budget.bytes || !(self.budget.go_on)() {
            self.over = true;
            return false;
        }
        self.budget.bytes -= cost;
        self.count();
        true
    }

    pub(super) fn fits_under(&mut self, key: &[u8], signed: &[u8]) -> bool {
        if !self.spend(signed.len()) {
            return false;
        }
        self.received.iter().any(|one| digest::fits(self.algorithm, key, signed, one))
    }

    /// Returns true if a received digest is that of the payload under any of the keys.
    pub(super) fn fits(&mut self, signed: &[u8]) -> bool {
        let keys = std::mem::take(&mut self.keys);
        let fits = keys.iter().any(|key| self.fits_under(key, signed));
        self.keys = keys;
        fits
    }

    pub(super) fn digest(
        &mut self,
        algorithm: Algorithm,
        key: &[u8],
        signed: &[u8],
    ) -> Option<Vec<u8>> {
        self.spend(signed.len()).then(|| digest::compute(algorithm, key, signed))
    }

    /// Digests with a misused key (left out, concatenated with the payload, or swapped with it),
    /// and digests of digests.
    pub(super) fn misused(
        &mut self,
        hash: Algorithm,
        key: &[u8],
        signed: &[u8],
    ) -> Option<Vec<(Cause, Vec<u8>)>> {
        if !self.spend(signed.len().saturating_mul(4)) {
            return None;
        }
        let plain = plain(hash, &[signed]);
        let once = digest::compute(hash, key, signed);
        let again = |text: &str| digest::compute(hash, key, text.as_bytes());
        Some(vec![
            (Cause::AlgNoKey, plain.clone()),
            (Cause::AlgConcat, super::search::plain(hash, &[key, signed])),
            (Cause::AlgConcat, super::search::plain(hash, &[signed, key])),
            (Cause::AlgSwapped, digest::compute(hash, signed, key)),
            (Cause::SigDouble, again(&hex::encode(&once))),
            (Cause::SigDouble, again(&hex::encode(plain))),
        ])
    }
}

/// Computes a hash without a key.
fn plain(hash: Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    fn of<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
        let hash = parts.iter().fold(D::new(), Digest::chain_update);
        hash.finalize().to_vec()
    }
    match hash {
        Algorithm::HmacSha1 => of::<Sha1>(parts),
        Algorithm::HmacSha512 => of::<Sha512>(parts),
        _ => of::<Sha256>(parts),
    }
}
