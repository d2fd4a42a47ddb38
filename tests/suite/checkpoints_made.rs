//! Checkpoints made by hand: what the collection of bad files does not have.

use crate::golden::TestResult;
use lgd_studio::nn::{LoadError, WeightFile};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest time a hostile file may take: a tenth of a second, many times that when nothing is
/// optimised and the machine is busy.
const LONGEST: Duration = Duration::from_secs(30);

/// A pickle, written opcode by opcode.
struct Pickle(Vec<u8>);

impl Pickle {
    fn new(protocol: u8) -> Self {
        Self(vec![0x80, protocol])
    }

    fn op(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, text: &str) -> Self {
        let length = (text.len() as u32).to_le_bytes();
        self.op(b"X").op(&length).op(text.as_bytes())
    }

    fn int(self, number: i64) -> Self {
        self.op(b"\x8a\x08").op(&number.to_le_bytes())
    }

    fn class(self, module: &str, name: &str) -> Self {
        self.op(format!("c{module}\n{name}\n").as_bytes())
    }

    fn ints(self, numbers: &[i64]) -> Self {
        let start = self.op(b"(");
        numbers.iter().fold(start, |p, &n| p.int(n)).op(b"t")
    }

    /// A tensor of f32 in storage `key` of `stored` numbers.
    fn tensor(self, key: &str, stored: i64, offset: i64, dims: &[i64], strides: &[i64]) -> Self {
        self.class("torch._utils", "_rebuild_tensor_v2")
            .op(b"((")
            .text("storage")
            .class("torch", "FloatStorage")
            .text(key)
            .text("cpu")
            .int(stored)
            .op(b"tQ")
            .int(offset)
            .ints(dims)
            .ints(strides)
            .op(b"\x89)tR")
    }

    /// The dict of one tensor under one name, and the end.
    fn one(self, tensor: impl FnOnce(Self) -> Self) -> Vec<u8> {
        tensor(self.op(b"}").text("w")).op(b"s.").0
    }
}

/// A zip of stored members, as torch writes it.
fn stored(members: &[(&str, &[u8])]) -> TestResult<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in members {
        zip.start_file(*name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A zip of one deflated member beside the others, with what it claims to unpack to.
fn deflated(name: &str, packed: &[u8], claimed: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut fields = Vec::new();
    fields.extend(8_u16.to_le_bytes()); // method
    fields.extend([0; 8]); // time, date, checksum
    fields.extend((packed.len() as u32).to_le_bytes());
    fields.extend(claimed.to_le_bytes());
    fields.extend((name.len() as u16).to_le_bytes());
    fields.extend([0; 2]); // no extra fields
    file.extend(b"PK\x03\x04\x14\0\0\0");
    file.extend(&fields);
    file.extend(name.as_bytes());
    file.extend(packed);
    let table = file.len() as u32;
    file.extend(b"PK\x01\x02\x14\0\x14\0\0\0");
    file.extend(&fields);
    file.extend([0; 14]); // comment, disk, attributes, offset of the member
    file.extend(name.as_bytes());
    let size = file.len() as u32 - table;
    file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.extend(size.to_le_bytes());
    file.extend(table.to_le_bytes());
    file.extend([0; 2]);
    file
}

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn written(bytes: &[u8]) -> TestResult<Place> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("made.ckpt");
    std::fs::write(&path, bytes)?;
    Ok(Place {
        _folder: folder,
        path,
    })
}

/// Opens what must not open, in time, and gives the message.
fn refused(bytes: &[u8]) -> TestResult<String> {
    let place = written(bytes)?;
    let started = Instant::now();
    let error = WeightFile::open(&place.path).err().ok_or("it was read")?;
    assert!(started.elapsed() < LONGEST);
    assert!(error.hint().is_some());
    println!("{}", error.message());
    Ok(error.message())
}

fn refused_pickle(pickle: Vec<u8>) -> TestResult<String> {
    refused(&stored(&[("a/data.pkl", &pickle), ("a/data/0", &[0; 16])])?)
}

#[test]
fn tensors_may_not_reach_beyond_their_storage() -> TestResult {
    let one = |stored, offset, dims: &[i64], strides: &[i64]| {
        refused_pickle(Pickle::new(2).one(|p| p.tensor("0", stored, offset, dims, strides)))
    };
    assert!(one(4, 0, &[5], &[1])?.contains("larger than what is stored"));
    assert!(one(4, 1, &[4], &[1])?.contains("larger than what is stored"));
    assert!(one(4, 0, &[2, 2], &[3, 1])?.contains("larger than what is stored"));
    assert!(one(4, 0, &[1 << 40], &[0])?.contains("larger than what is stored"));
    assert!(one(4, 0, &[i64::MAX, 4], &[i64::MAX, 1])?.contains("larger than what is stored"));
    assert!(one(5, 0, &[4], &[1])?.contains("cut off"));
    assert!(one(1 << 62, 0, &[4], &[1])?.contains("unknown way"));
    assert!(one(4, 0, &[-4], &[1])?.contains("unknown way"));
    assert!(one(4, 3, &[4], &[-1])?.contains("unknown way"));
    assert!(one(4, 0, &[4], &[1, 1])?.contains("unknown way"));
    Ok(())
}

#[test]
fn a_name_may_not_come_twice() -> TestResult {
    let tensor = |p: Pickle| p.tensor("0", 4, 0, &[4], &[1]);
    let twice = tensor(tensor(Pickle::new(2).op(b"}(").text("w")).text("w")).op(b"u.");
    assert!(refused_pickle(twice.0)?.contains("two tensors named w"));
    // By way of a dict in a dict.
    let nested = tensor(Pickle::new(2).op(b"}(").text("a.b"))
        .text("a")
        .op(b"}")
        .text("b");
    assert!(refused_pickle(tensor(nested).op(b"su.").0)?.contains("two tensors named a.b"));
    let pickle = Pickle::new(2).one(tensor);
    let mut zip = stored(&[
        ("a/data.pkl", &pickle),
        ("a/data/0", &[0; 16]),
        ("a/data/1", &[0; 16]),
    ])?;
    // The zip crate does not write a name twice.
    for at in 0..zip.len() - 8 {
        if zip[at..].starts_with(b"a/data/1") {
            zip[at + 7] = b'0';
        }
    }
    assert!(refused(&zip)?.contains("two files named a/data/0"));
    Ok(())
}

#[test]
fn bombs_are_not_unpacked() -> TestResult {
    let packed = miniz_oxide::deflate::compress_to_vec(&vec![0; 100 << 20], 9);
    assert!(packed.len() < 1 << 20);
    let claimed = (100 << 20) as u32;
    assert!(refused(&deflated("a/data.pkl", &packed, claimed))?.contains("weights never do"));
    // One that lies about its size stops where it said it would.
    let lying = deflated("a/data.pkl", &packed, 1 << 20);
    assert!(refused(&lying)?.contains("a packed part of it is damaged"));
    Ok(())
}

#[test]
fn a_packed_description_is_read() -> TestResult {
    // A state dict of an empty tensor needs no storage of its own… but a zip of one member is all
    // this file has, so the missing storage is what is reported.
    let pickle = Pickle::new(2).one(|p| p.tensor("0", 4, 0, &[4], &[1]));
    let packed = miniz_oxide::deflate::compress_to_vec(&pickle, 6);
    let message = refused(&deflated("a/data.pkl", &packed, pickle.len() as u32))?;
    assert!(
        message.contains("the numbers of w are not in it"),
        "{message}"
    );
    Ok(())
}

#[test]
fn endless_pickles_end() -> TestResult {
    let much = "builds far too much";
    // Values, memo places and stack places.
    assert!(refused_pickle(Pickle::new(2).op(&b"N0".repeat(2_000_000)).0)?.contains(much));
    assert!(
        refused_pickle(Pickle::new(4).op(b"N").op(&b"\x94".repeat(8_000_000)).0)?.contains(much)
    );
    assert!(refused_pickle(Pickle::new(2).op(b"N").op(&b"2".repeat(8_000_000)).0)?.contains(much));
    assert!(refused_pickle(Pickle::new(2).op(&b"(".repeat(8_000_000)).0)?.contains(much));
    // Nesting: dicts, tuples and lists, a hundred thousand deep, and a dict that holds itself.
    let deep = Pickle::new(2)
        .op(&b"]".repeat(100_000))
        .op(&b"a".repeat(99_999))
        .op(b".");
    assert!(refused_pickle(deep.0)?.contains("single value"));
    let own = Pickle::new(2).op(b"}q\x00").text("x").op(b"h\x00s.");
    assert!(refused_pickle(own.0)?.contains("no tensors"));
    let deep = (0..100_000).fold(Pickle::new(2), |p, _| p.op(b"}").text("d"));
    let deep = deep.op(b"N").op(&b"s".repeat(100_000)).op(b".");
    assert!(refused_pickle(deep.0)?.contains("no tensors"));
    Ok(())
}

#[test]
fn lengths_that_lie_allocate_nothing() -> TestResult {
    let cut = "cut off";
    assert!(refused_pickle(Pickle::new(2).op(b"\x8b\xff\xff\xff\x7f").0)?.contains(cut));
    assert!(
        refused_pickle(Pickle::new(4).op(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff").0)?.contains(cut)
    );
    assert!(
        refused_pickle(Pickle::new(4).op(b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f").0)?.contains(cut)
    );
    // The widest number of one length byte is a number without a use here, no overflow.
    let wide = Pickle::new(2).op(b"\x8a\xff").op(&[0x7f; 255]).op(b".");
    assert!(refused_pickle(wide.0)?.contains("single value"));
    assert!(refused_pickle(Pickle::new(2).op(b"0.").0)?.contains("takes more than it made"));
    assert!(refused_pickle(Pickle::new(2).op(b"h\x07.").0)?.contains("never made"));
    Ok(())
}

#[test]
fn commands_are_named_and_not_run() -> TestResult {
    for (module, name) in [
        ("os", "system"),
        ("nt", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("__builtin__", "exec"),
        ("importlib", "import_module"),
        ("os.path", "join"),
    ] {
        for call in [&b"R"[..], b"\x81"] {
            let pickle = Pickle::new(2)
                .class(module, name)
                .op(b"(")
                .text("true")
                .op(b"t");
            let message = refused_pickle(pickle.op(call).op(b".").0)?;
            assert!(message.contains(&format!("{module}.{name}")), "{message}");
        }
    }
    // The name may be made on the stack, as protocol 4 does.
    let stacked = Pickle::new(4)
        .text("os")
        .text("system")
        .op(b"\x93")
        .text("true")
        .op(b"\x85R.");
    assert!(refused_pickle(stacked.0)?.contains("os.system"));
    Ok(())
}

#[test]
fn unknown_classes_are_left_alone() -> TestResult {
    // Any wrapper, protocol 4's framing and memo, a class nobody has, and the weights in the middle.
    let pickle = Pickle::new(4)
        .op(b"\x95\x05\0\0\0\0\0\0\0}\x94(")
        .text("callbacks")
        .class("nobody.has", "This")
        .op(b")\x81}b")
        .text("epoch")
        .int(7)
        .text("module")
        .op(b"}\x94")
        .text("layer.weight")
        .tensor("0", 4, 0, &[2, 2], &[1, 2])
        .op(b"su.");
    let values: Vec<u8> = [1_f32, 2.0, 3.0, 4.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let place = written(&stored(&[
        ("a/data.pkl", &pickle.0),
        ("a/data/0", &values),
    ])?)?;
    let file = WeightFile::open(&place.path)?;
    assert_eq!(file.extras()["epoch"], "7");
    assert_eq!(file.tensors()["layer.weight"].dims(), [2, 2]);
    let turned: Vec<u8> = [1_f32, 3.0, 2.0, 4.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_eq!(*file.bytes("layer.weight")?, *turned);
    assert!(matches!(
        file.bytes("other"),
        Err(LoadError::Malformed { .. })
    ));
    Ok(())
}

/// Whatever a file is cut to or whichever of its bytes is changed, reading it ends in an answer.
#[test]
fn damage_anywhere_ends_in_an_answer() -> TestResult {
    let pickle = Pickle::new(2).one(|p| p.tensor("0", 4, 0, &[2, 2], &[1, 2]));
    let good = stored(&[("a/data.pkl", &pickle), ("a/data/0", &[1; 16])])?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("damaged.ckpt");
    let mut read = 0;
    for at in 0..good.len() {
        for change in [Some(0x00), Some(0xff), Some(good[at] ^ 1), None] {
            let mut bytes = good.clone();
            match change {
                Some(value) => bytes[at] = value,
                None => bytes.truncate(at),
            }
            std::fs::write(&path, &bytes)?;
            if let Ok(file) = WeightFile::open(&path) {
                for name in file.tensors().keys() {
                    read += usize::from(file.bytes(name).is_ok());
                }
            }
        }
    }
    println!(
        "{read} of {} damaged files were still readable",
        good.len() * 4
    );
    Ok(())
}
