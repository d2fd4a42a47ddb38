//! A converted LGD checkpoint: UNet, EMA UNet, VAE.
//!
//! The language half is written in `ckpt_language.rs` and run from here.

use super::{Case, Folder, TestResult, ckpt_language};
use crate::denoising;
use candle_core::DType;

#[test]
fn golden_ckpt() -> TestResult {
    let mut folder = Folder::open("ckpt")?;
    let ema = folder.path.join("hf/unet_ema");
    folder.cases.retain(|case| {
        let name = case.name.as_str();
        if name == "unet_ema" && !ema.is_dir() {
            report!(
                "golden ckpt {name}: skipped, {} is not there",
                ema.display()
            );
            false
        } else {
            true
        }
    });
    folder.run_all(|case| match case.name.as_str() {
        "unet" => unet(case, "hf/unet"),
        "unet_ema" => unet(case, "hf/unet_ema"),
        "vae" => vae(case),
        name if ckpt_language::CASES.contains(&name) => ckpt_language::run(case),
        name => Err(format!("unknown case {name}").into()),
    })
}

fn unet(case: &Case, folder: &str) -> TestResult {
    let unet = denoising::unet(&case.folder.join(folder))?;
    let sample = case.input("x")?;
    let context = unet.prepare_context(&case.input("context")?, None)?;
    for name in case.expected_names() {
        let timesteps = match name.as_str() {
            "eps" => case.input("t")?,
            "eps_float_t" => case.input("t_float")?,
            other => return Err(format!("unknown output {other}").into()),
        };
        let timesteps = timesteps.to_dtype(DType::F32)?;
        case.check(&name, &unet.forward(&sample, &timesteps, &context)?)?;
    }
    Ok(())
}

fn vae(case: &Case) -> TestResult {
    let vae = denoising::vae(&case.folder.join("hf/vae"))?;
    let posterior = vae.encode(&case.input("image")?)?;
    case.check("moments", posterior.moments())?;
    case.check("mode", &posterior.mode()?)?;
    case.check("sample", &posterior.sample(&case.input("noise")?)?)?;
    case.check("decoded", &vae.decode(&case.input("latent")?)?)
}
