//! Which files of a repository are worth their download: one format, one variant, no pictures.
//!
//! Repositories hold the same weights several times: as safetensors and as pickles, in full and in
//! half precision, with and without running averages, for other frameworks, and once more as one
//! file for web user interfaces.

/// Endings of weights in the order they are preferred in.
const FORMATS: [&[&str]; 2] = [&["safetensors"], &["bin", "pt", "pth", "ckpt"]];
/// Endings of weights for other frameworks.
const FOREIGN: [&str; 8] = [
    "msgpack",
    "h5",
    "onnx",
    "onnx_data",
    "ot",
    "tflite",
    "gguf",
    "xml",
];
/// Endings of what is only looked at.
const PICTURES: [&str; 8] = ["png", "jpg", "jpeg", "gif", "webp", "mp4", "svg", "ipynb"];
/// Folders that nothing here reads.
const UNUSED: [&str; 6] = [
    "safety_checker",
    "onnx",
    "openvino",
    "flax",
    "coreml",
    "examples",
];

/// Whether each of these paths is wanted; `variant` is a name between dots ("fp16"), the plain files
/// when absent.
pub(super) fn wanted(paths: &[&str], variant: Option<&str>) -> Vec<bool> {
    // A pipeline of folders says so; weights beside it are the same once more.
    let is_pipeline = paths.contains(&"model_index.json");
    paths
        .iter()
        .map(|path| {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
            let unused = path.split('/').any(|part| UNUSED.contains(&part));
            if unused
                || name.starts_with('.')
                || FOREIGN.contains(&ending)
                || PICTURES.contains(&ending)
            {
                return false;
            }
            let Some(format) = format_of(ending) else {
                return index_is_wanted(paths, folder, name, variant);
            };
            if is_pipeline && folder.is_empty() {
                return false;
            }
            let beside: Vec<&str> = siblings(paths, folder).collect();
            format == best_format(&beside)
                && variant_of(name) == best_variant(&beside, format, variant)
        })
        .collect()
}

/// An index of shards is wanted with the shards it names; any other small file is wanted.
fn index_is_wanted(paths: &[&str], folder: &str, name: &str, variant: Option<&str>) -> bool {
    let Some((stem, rest)) = name
        .split_once(".safetensors.index")
        .or(name.split_once(".bin.index"))
    else {
        return true;
    };
    let format = usize::from(!name.contains(".safetensors."));
    let beside: Vec<&str> = siblings(paths, folder).collect();
    let own = rest
        .strip_suffix(".json")
        .unwrap_or(rest)
        .trim_start_matches('.');
    let in_stem = || stem.rsplit_once('.').map(|(_, variant)| variant);
    let own = if own.is_empty() { in_stem() } else { Some(own) };
    format == best_format(&beside) && own == best_variant(&beside, format, variant)
}

/// The names of the weights in a folder.
fn siblings<'a>(paths: &'a [&str], folder: &'a str) -> impl Iterator<Item = &'a str> {
    let names = paths
        .iter()
        .map(|path| path.rsplit_once('/').unwrap_or(("", path)));
    names
        .filter(move |(of, _)| *of == folder)
        .map(|(_, name)| name)
        .filter(|name| format_of(name.rsplit_once('.').map_or("", |(_, e)| e)).is_some())
}

fn format_of(ending: &str) -> Option<usize> {
    FORMATS.iter().position(|endings| endings.contains(&ending))
}

fn best_format(names: &[&str]) -> usize {
    let formats = names
        .iter()
        .filter_map(|name| format_of(name.rsplit_once('.')?.1));
    formats.min().unwrap_or(0)
}

/// The variant to take of those that are there: the one asked for, else the plain one, else the
/// first.
fn best_variant<'a>(names: &[&'a str], format: usize, asked: Option<&str>) -> Option<&'a str> {
    let of_format =
        |name: &&&str| name.rsplit_once('.').and_then(|(_, e)| format_of(e)) == Some(format);
    let mut variants: Vec<Option<&str>> = names
        .iter()
        .filter(of_format)
        .map(|name| variant_of(name))
        .collect();
    variants.sort_unstable();
    let asked = variants
        .iter()
        .find(|variant| asked.is_some() && **variant == asked);
    // Sorted, the plain one comes first.
    asked.or(variants.first()).copied().flatten()
}

/// `model.fp16.safetensors` and `model.fp16-00001-of-00002.safetensors` are of the variant fp16;
/// `sd-v1.5.ckpt` is of none.
fn variant_of(name: &str) -> Option<&str> {
    let (stem, _ending) = name.rsplit_once('.')?;
    let stem = match stem.rsplit_once("-of-") {
        Some((front, _)) => front.rsplit_once('-').map_or(front, |(front, _)| front),
        None => stem,
    };
    let (_, variant) = stem.rsplit_once('.')?;
    variant
        .starts_with(|c: char| c.is_ascii_alphabetic())
        .then_some(variant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen<'a>(paths: &[&'a str], variant: Option<&str>) -> Vec<&'a str> {
        let wanted = wanted(paths, variant);
        let both = paths.iter().zip(wanted);
        both.filter(|(_, wanted)| *wanted)
            .map(|(path, _)| *path)
            .collect()
    }

    #[test]
    fn a_pipeline_is_taken_once() {
        let paths = [
            ".gitattributes",
            "README.md",
            "instruct-pix2pix-00-22000.ckpt",
            "instruct-pix2pix-00-22000.safetensors",
            "model_index.json",
            "safety_checker/model.safetensors",
            "scheduler/scheduler_config.json",
            "text_encoder/model.fp16.safetensors",
            "text_encoder/model.safetensors",
            "text_encoder/pytorch_model.bin",
            "tokenizer/merges.txt",
            "unet/diffusion_pytorch_model.bin",
            "unet/diffusion_pytorch_model.fp16.safetensors",
            "unet/diffusion_pytorch_model.non_ema.safetensors",
            "unet/diffusion_pytorch_model.safetensors",
            "vae/diffusion_flax_model.msgpack",
            "vae/diffusion_pytorch_model.bin",
            "imgs/example.jpg",
        ];
        let plain = [
            "README.md",
            "model_index.json",
            "scheduler/scheduler_config.json",
            "text_encoder/model.safetensors",
            "tokenizer/merges.txt",
            "unet/diffusion_pytorch_model.safetensors",
            // There is nothing better here.
            "vae/diffusion_pytorch_model.bin",
        ];
        assert_eq!(chosen(&paths, None), plain);
        let half = chosen(&paths, Some("fp16"));
        assert!(
            half.contains(&"unet/diffusion_pytorch_model.fp16.safetensors"),
            "{half:?}"
        );
        assert!(
            half.contains(&"text_encoder/model.fp16.safetensors"),
            "{half:?}"
        );
        assert!(
            !half.contains(&"unet/diffusion_pytorch_model.safetensors"),
            "{half:?}"
        );
    }

    #[test]
    fn shards_come_with_their_index() {
        let paths = [
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "pytorch_model-00001-of-00002.bin",
            "pytorch_model-00002-of-00002.bin",
            "pytorch_model.bin.index.json",
            "tokenizer.json",
        ];
        let expected = [paths[0], paths[1], paths[2], paths[3], paths[7]];
        assert_eq!(chosen(&paths, None), expected);
        let only_pickles = [paths[0], paths[4], paths[5], paths[6]];
        assert_eq!(chosen(&only_pickles, None), only_pickles);
    }

    #[test]
    fn single_checkpoints_are_left_to_the_person() {
        let paths = ["README.md", "lgd-v1.5.ckpt", "sd-v1-4.ckpt"];
        assert_eq!(chosen(&paths, None), paths);
        let both = ["lgd.ckpt", "lgd.safetensors"];
        assert_eq!(chosen(&both, None), ["lgd.safetensors"]);
    }

    #[test]
    fn only_variants_are_better_than_nothing() {
        let paths = ["unet/model.bf16.safetensors", "unet/model.fp16.safetensors"];
        assert_eq!(chosen(&paths, None), [paths[0]]);
        assert_eq!(chosen(&paths, Some("fp16")), [paths[1]]);
        assert_eq!(chosen(&paths, Some("int8")), [paths[0]]);
    }
}
