//! A picture made anew from the pixels of an uploaded one: whatever else the file was, or held, is gone.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use platform::error::{Error, Result};

use crate::error;

/// Of the file that comes in.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Pixels a side of what comes in.
const MAX_SIDE: u32 = 2048;
/// Pixels a side of what is kept.
const SIDE: u32 = 256;
const QUALITY: u8 = 85;
/// What reading may take of memory: the pixels, and as much again for a codec's own needs.
const MAX_MEMORY: u64 = 64 * 1024 * 1024;

pub struct Picture {
    pub content_type: &'static str,
    pub content: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

fn refused(error: &ImageError) -> Error {
    match error {
        ImageError::Limits(_) => Error::invalid("file", &error::AVATAR_TOO_WIDE).arg("max", MAX_SIDE),
        ImageError::Unsupported(_) => Error::invalid("file", &error::AVATAR_TYPE),
        _ => Error::invalid("file", &error::AVATAR_BROKEN),
    }
}

/// Takes a while: not for threads that serve calls.
pub fn draw(file: &[u8]) -> Result<Picture> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().map_err(Error::internal)?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
        return Err(Error::invalid("file", &error::AVATAR_TYPE));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error))?;
    let (width, height) = decoder.dimensions();
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(Error::invalid("file", &error::AVATAR_TOO_WIDE).arg("max", MAX_SIDE));
    }
    // Telephones write down how they were held instead of turning the picture.
    let orientation = decoder.orientation().map_err(|error| refused(&error))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    image.apply_orientation(orientation);
    if image.width() > SIDE || image.height() > SIDE {
        image = image.thumbnail(SIDE, SIDE);
    }
    let mut content = Cursor::new(Vec::new());
    let content_type = match image.color().has_alpha() {
        true => {
            DynamicImage::from(image.to_rgba8()).write_to(&mut content, ImageFormat::Png).map_err(Error::internal)?;
            "image/png"
        }
        false => {
            let encoder = JpegEncoder::new_with_quality(&mut content, QUALITY);
            DynamicImage::from(image.to_rgb8()).write_with_encoder(encoder).map_err(Error::internal)?;
            "image/jpeg"
        }
    };
    Ok(Picture { content_type, content: content.into_inner(), width: image.width(), height: image.height() })
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image.into().write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn reason(file: &[u8]) -> &'static str {
        draw(file).map_or_else(|error| error.violations()[0].reason.id, |_| "")
    }

    #[test]
    fn pictures_become_small_ones_of_the_same_shape() {
        let wide = RgbImage::from_pixel(1024, 512, Rgb([200, 10, 10]));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let picture = draw(&encoded(wide.clone(), format)).unwrap();
            assert_eq!((picture.content_type, picture.width, picture.height), ("image/jpeg", 256, 128));
            let again = image::load_from_memory(&picture.content).unwrap().to_rgb8();
            assert!(again.get_pixel(100, 50).0[0] > 180);
        }
        let clear = RgbaImage::from_pixel(64, 64, Rgba([0, 0, 0, 0]));
        let picture = draw(&encoded(clear, ImageFormat::Png)).unwrap();
        assert_eq!((picture.content_type, picture.width), ("image/png", 64));
    }

    #[test]
    fn what_is_no_picture_or_too_large_a_one_is_refused() {
        for other in [
            &b""[..],
            b"GIF89a\x01\x00\x01\x00",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"%PDF-1.7",
            b"BM123456",
        ] {
            assert_eq!(reason(other), "AVATAR_TYPE");
        }
        let good = encoded(RgbImage::new(40, 40), ImageFormat::Png);
        assert_eq!(reason(&good[..good.len() / 2]), "AVATAR_BROKEN");
        assert_eq!(reason(b"\x89PNG\r\n\x1a\n and no more"), "AVATAR_BROKEN");
        // A few hundred bytes that stand for many pixels.
        assert_eq!(reason(&encoded(RgbImage::new(2049, 8), ImageFormat::Png)), "AVATAR_TOO_WIDE");
        assert_eq!(reason(&encoded(RgbImage::new(8, 5000), ImageFormat::WebP)), "AVATAR_TOO_WIDE");
    }

    #[test]
    fn what_else_a_file_holds_is_gone() {
        let mut file = encoded(RgbImage::new(8, 8), ImageFormat::Png);
        file.extend_from_slice(b"<script>alert(1)</script>");
        let picture = draw(&file).unwrap();
        assert!(!picture.content.windows(8).any(|bytes| bytes == b"<script>"));
    }
}
