//! A search within a budget that records its attempts.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::provider::{Algorithm, Scheme};
use crate::signature::Cause;
use crate::signature::digest::{self, PreparedKey};

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
    algorithm: Algorithm,
    /// The key is a part of the content, too.
    has_slot: bool,
    keys: Vec<Zeroizing<Vec<u8>>>,
    prepared: Vec<PreparedKey>,
    /// The digests received.
    received: Vec<Vec<u8>>,
}

/// Cost of a signature by public key, in bytes hashed in the same time.
const ASYMMETRIC: u64 = 64 << 10;

impl<'b> Search<'b> {
    pub(in crate::signature) fn new(budget: Budget<'b>) -> Self {
        Self {
            budget,
            tried: Vec::new(),
            over: false,
            algorithm: Algorithm::default(),
            has_slot: false,
            keys: Vec::new(),
            prepared: Vec::new(),
            received: Vec::new(),
        }
    }

    /// Sets the keys that every digest is computed with.
    pub(super) fn set_keys(&mut self, scheme: &Scheme, keys: Vec<Zeroizing<Vec<u8>>>) {
        self.algorithm = scheme.algorithm;
        self.has_slot = scheme.signed.has_secret();
        self.prepared = keys.iter().map(|key| self.prepare(key)).collect();
        self.keys = keys;
    }

    fn prepare(&self, key: &[u8]) -> PreparedKey {
        let prepare = if self.has_slot { PreparedKey::in_content } else { PreparedKey::new };
        prepare(self.algorithm, key)
    }

    /// Sets the digests that [`Self::fits`] compares with.
    pub(super) fn set_received(&mut self, received: Vec<Vec<u8>>) {
        self.received = received;
    }

    pub(super) fn has_received(&self) -> bool {
        !self.received.is_empty()
    }

    pub(super) fn raw_keys(&self) -> Vec<Zeroizing<Vec<u8>>> {
        self.keys.clone()
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
        let fixed = if self.algorithm.is_asymmetric() { ASYMMETRIC } else { 64 };
        let cost = bytes as u64 + fixed;
        if self.over || cost > self.budget.bytes || !(self.budget.go_on)() {
            self.over = true;
            return false;
        }
        self.budget.bytes -= cost;
        self.count();
        true
    }

    /// Returns true if a received digest is that of the payload under a key.
    pub(super) fn fits_under(&mut self, key: &[u8], signed: &[u8]) -> bool {
        self.spend(signed.len()) && {
            let key = self.prepare(key);
            self.received.iter().any(|received| key.fits(signed, received))
        }
    }

    /// Returns true if a received digest is that of the payload under any of the keys.
    pub(super) fn fits(&mut self, signed: &[u8]) -> bool {
        (0..self.prepared.len()).any(|at| {
            self.spend(signed.len())
                && self.prepared.get(at).is_some_and(|key| {
                    self.received.iter().any(|received| key.fits(signed, received))
                })
        })
    }

    /// Returns true if this digest is that of the payload under any of the keys.
    pub(super) fn is_right(&mut self, signed: &[u8], digest: &[u8]) -> bool {
        (0..self.prepared.len()).any(|at| {
            self.spend(signed.len())
                && self.prepared.get(at).is_some_and(|key| key.fits(signed, digest))
        })
    }

    /// Computes the digest of the payload under each key; none if only a public key is known.
    pub(super) fn expected(&mut self, signed: &[u8]) -> Vec<Vec<u8>> {
        if self.algorithm.is_asymmetric() {
            return Vec::new();
        }
        let keys = self.prepared.len();
        let count = (0..keys).take_while(|_| self.spend(signed.len())).count();
        self.prepared.iter().take(count).map(|key| key.compute(signed)).collect()
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
    /// and digests of digests, each with its formula.
    pub(super) fn misused(
        &mut self,
        hash: Algorithm,
        key: &[u8],
        signed: &[u8],
    ) -> Option<Vec<(Cause, String, Vec<u8>)>> {
        if !self.spend(signed.len().saturating_mul(4)) {
            return None;
        }
        let name = short(hash);
        let plain = plain(hash, &[signed]);
        let once = digest::compute(hash, key, signed);
        let again = |text: &str| digest::compute(hash, key, text.as_bytes());
        let of = |cause, formula: String, digest| (cause, formula, digest);
        Some(vec![
            of(Cause::AlgNoKey, format!("{name}(content)"), plain.clone()),
            of(
                Cause::AlgConcat,
                format!("{name}(secret + content)"),
                super::search::plain(hash, &[key, signed]),
            ),
            of(
                Cause::AlgConcat,
                format!("{name}(content + secret)"),
                super::search::plain(hash, &[signed, key]),
            ),
            of(
                Cause::AlgSwapped,
                format!("hmac_{name}(content, secret)"),
                digest::compute(hash, signed, key),
            ),
            of(
                Cause::SigDouble,
                format!("hmac_{name}(secret, hex(hmac_{name}(secret, content)))"),
                again(&hex::encode(&once)),
            ),
            of(
                Cause::SigDouble,
                format!("hmac_{name}(secret, hex({name}(content)))"),
                again(&hex::encode(plain)),
            ),
        ])
    }
}

/// Returns the name of a hash in formulas.
pub(super) fn short(hash: Algorithm) -> &'static str {
    match hash {
        Algorithm::HmacSha1 => "sha1",
        Algorithm::HmacSha512 => "sha512",
        _ => "sha256",
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
