//! What the error of a device means for the work on it.
//!
//! The types of the driver's errors exist only in a build for that driver, and candle passes them on in
//! boxes, in contexts and with backtraces. Their texts name the driver's own code, which is the same
//! everywhere, so the code is looked for in the text. Sources: `CUresult` of the CUDA driver API,
//! `cublasStatus_t`, `cudnnStatus_t`, `curandStatus_t`; `MTLCommandBufferError` of Metal.

use candle_core::Error;

/// Why a device cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceFailure {
    /// Its memory is full: less work may fit.
    Full,
    /// It answers no more in this process, whatever is asked of it; the driver's code says why.
    Lost(&'static str),
}

/// Codes of a full device, and what people write of one, in small letters.
const FULL: [&str; 5] = [
    "out of memory",
    "out_of_memory",
    "status_alloc_failed",
    "status_allocation_failed",
    "erroroutofmemory",
];

/// Codes after which every other call fails as well: the device has gone, or what it held is broken.
const LOST: [&str; 27] = [
    "CUDA_ERROR_DEINITIALIZED",
    "CUDA_ERROR_DEVICE_UNAVAILABLE",
    "CUDA_ERROR_NO_DEVICE",
    "CUDA_ERROR_INVALID_CONTEXT",
    "CUDA_ERROR_ECC_UNCORRECTABLE",
    "CUDA_ERROR_NVLINK_UNCORRECTABLE",
    "CUDA_ERROR_CONTAINED",
    "CUDA_ERROR_ILLEGAL_ADDRESS",
    "CUDA_ERROR_LAUNCH_TIMEOUT",
    "CUDA_ERROR_CONTEXT_IS_DESTROYED",
    "CUDA_ERROR_ASSERT",
    "CUDA_ERROR_HARDWARE_STACK_ERROR",
    "CUDA_ERROR_ILLEGAL_INSTRUCTION",
    "CUDA_ERROR_MISALIGNED_ADDRESS",
    "CUDA_ERROR_INVALID_ADDRESS_SPACE",
    "CUDA_ERROR_INVALID_PC",
    "CUDA_ERROR_LAUNCH_FAILED",
    "CUDA_ERROR_SYSTEM_NOT_READY",
    "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
    "CUDA_ERROR_EXTERNAL_DEVICE",
    "CUDA_ERROR_UNKNOWN",
    "CUBLAS_STATUS_EXECUTION_FAILED",
    "CUBLAS_STATUS_INTERNAL_ERROR",
    "CUBLAS_STATUS_MAPPING_ERROR",
    "CUDNN_STATUS_EXECUTION_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR",
    "kIOGPUCommandBufferCallbackError",
];

impl DeviceFailure {
    /// What an error says about the device; nothing where it is about something else.
    pub fn of(error: &Error) -> Option<Self> {
        let text = error.to_string();
        let lower = text.to_ascii_lowercase();
        // Metal's code of a full device begins like those of a lost one.
        if FULL.iter().any(|code| lower.contains(code)) {
            return Some(Self::Full);
        }
        let code = LOST.into_iter().find(|code| text.contains(code));
        code.map(Self::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Context as _;

    /// An error as the CUDA backend of candle makes it: boxed, with a backtrace.
    fn cuda(text: &str) -> Error {
        Error::Cuda(text.into()).bt()
    }

    #[test]
    fn a_full_device_is_told_from_a_lost_one() {
        use DeviceFailure::{Full, Lost};
        for (text, meaning) in [
            (
                r#"DriverError(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")"#,
                Some(Full),
            ),
            ("CublasError(CUBLAS_STATUS_ALLOC_FAILED)", Some(Full)),
            ("CudnnError(CUDNN_STATUS_ALLOC_FAILED)", Some(Full)),
            (
                r#"DriverError(CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered")"#,
                Some(Lost("CUDA_ERROR_ILLEGAL_ADDRESS")),
            ),
            (
                r#"DriverError(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure")"#,
                Some(Lost("CUDA_ERROR_LAUNCH_FAILED")),
            ),
            (
                r#"DriverError(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected")"#,
                Some(Lost("CUDA_ERROR_NO_DEVICE")),
            ),
            (
                r#"DriverError(CUDA_ERROR_ECC_UNCORRECTABLE, "uncorrectable ECC error encountered")"#,
                Some(Lost("CUDA_ERROR_ECC_UNCORRECTABLE")),
            ),
            (
                r#"DriverError(CUDA_ERROR_UNKNOWN, "unknown error") when loading softmax"#,
                Some(Lost("CUDA_ERROR_UNKNOWN")),
            ),
            (
                "CublasError(CUBLAS_STATUS_EXECUTION_FAILED)",
                Some(Lost("CUBLAS_STATUS_EXECUTION_FAILED")),
            ),
            // These say that the program asked for something that is not to be had.
            (
                r#"DriverError(CUDA_ERROR_INVALID_VALUE, "invalid argument")"#,
                None,
            ),
            (
                r#"DriverError(CUDA_ERROR_NOT_FOUND, "named symbol not found") when loading cast"#,
                None,
            ),
            ("CublasError(CUBLAS_STATUS_NOT_SUPPORTED)", None),
            ("missing kernel 'conv'", None),
        ] {
            assert_eq!(DeviceFailure::of(&cuda(text)), meaning, "{text}");
        }
    }

    #[test]
    fn the_meaning_survives_what_is_put_around_an_error() {
        let lost = || cuda(r#"DriverError(CUDA_ERROR_ILLEGAL_ADDRESS, "illegal memory access")"#);
        let wrapped = [
            lost().context("in the second block"),
            Err::<(), _>(lost())
                .context("on the way")
                .expect_err("it is one"),
            Error::Msg(format!("the UNet: {}", lost())),
            lost().bt(),
        ];
        for error in wrapped {
            let meaning = DeviceFailure::of(&error);
            let code = "CUDA_ERROR_ILLEGAL_ADDRESS";
            assert_eq!(meaning, Some(DeviceFailure::Lost(code)), "{error}");
        }
        let text = "Metal error Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)";
        let full = Error::Msg(text.to_owned());
        assert_eq!(DeviceFailure::of(&full), Some(DeviceFailure::Full));
        let text = "Caused GPU Hang Error (00000003:kIOGPUCommandBufferCallbackErrorHang)";
        let hung = Error::Msg(text.to_owned());
        assert!(matches!(
            DeviceFailure::of(&hung),
            Some(DeviceFailure::Lost(_))
        ));
    }

    #[test]
    fn an_error_of_the_processor_is_about_no_device() -> candle_core::Result<()> {
        use candle_core::{DType, Device, Tensor};
        let a = Tensor::zeros((2, 3), DType::F32, &Device::Cpu)?;
        let error = a.matmul(&a).expect_err("the shapes do not fit");
        assert_eq!(DeviceFailure::of(&error), None);
        Ok(())
    }
}
