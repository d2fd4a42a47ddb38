//! The checksums by which the hub names files: SHA-256 of large ones, Git's of small ones.

use super::HubFile;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// Adds up the checksum of a file as it arrives.
pub(super) enum Checker {
    /// SHA-256 of the bytes.
    Sha256(Sha256),
    /// SHA-1 of a header with the size, and the bytes.
    Git(Sha1),
    /// A mirror with checksums of its own kind; only the size can be compared.
    Unknown,
}

impl Checker {
    /// Ready for the first byte of a file.
    pub(super) fn new(file: &HubFile) -> Self {
        let is_hex = file.checksum.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut checker = match file.checksum.len() {
            64 if is_hex => Self::Sha256(Sha256::new()),
            40 if is_hex => Self::Git(Sha1::new()),
            _ => Self::Unknown,
        };
        checker.restart(file.bytes);
        checker
    }

    /// Forgets all bytes.
    pub(super) fn restart(&mut self, size: u64) {
        match self {
            Self::Sha256(hasher) => *hasher = Sha256::new(),
            Self::Git(hasher) => {
                *hasher = Sha1::new();
                hasher.update(format!("blob {size}\0"));
            }
            Self::Unknown => {}
        }
    }

    /// Takes in the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Git(hasher) => hasher.update(bytes),
            Self::Unknown => {}
        }
    }

    /// Whether all bytes together are what the hub says.
    pub(super) fn agrees(self, file: &HubFile) -> bool {
        let digest: Vec<u8> = match self {
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Git(hasher) => hasher.finalize().to_vec(),
            Self::Unknown => return true,
        };
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        digest.eq_ignore_ascii_case(&file.checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_checksums_are_recognised() {
        let file = |checksum: &str| HubFile {
            path: "a".to_owned(),
            bytes: 6,
            checksum: checksum.to_owned(),
        };
        // `printf 'hello\n' | sha256sum` and `printf 'hello\n' | git hash-object --stdin`.
        let large = file("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
        let small = file("ce013625030ba8dba906f756967f9e9ca394464a");
        for file in [&large, &small] {
            let mut right = Checker::new(file);
            right.update(b"wrong");
            right.restart(6);
            right.update(b"hel");
            right.update(b"lo\n");
            assert!(right.agrees(file), "{}", file.checksum);
            let mut wrong = Checker::new(file);
            wrong.update(b"hello!");
            assert!(!wrong.agrees(file));
        }
        assert!(Checker::new(&file("0x8D-mirror")).agrees(&file("0x8D-mirror")));
    }
}
