//! The bundle inside the program, so that one file works anywhere with no network.

macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../models/toon-tiny/", $path)))),+]
    };
}

/// Every file of the embedded bundle, by path inside the bundle.
pub(super) static FILES: &[(&str, &[u8])] = files![
    "adapter/adapter.safetensors",
    "blip2/config.json",
    "blip2/generation_config.json",
    "blip2/model.safetensors",
    "blip2/preprocessor_config.json",
    "blip2/special_tokens_map.json",
    "blip2/tokenizer.json",
    "blip2/tokenizer_config.json",
    "lgd.json",
    "scheduler/scheduler_config.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
];

/// The file of that path, with its static name.
pub(super) fn file(path: &str) -> Option<(&'static str, &'static [u8])> {
    FILES
        .iter()
        .find(|(name, _)| *name == path)
        .map(|(name, bytes)| (*name, *bytes))
}
