//! Whatever is compressed, in whatever pieces, zlib and libdeflate read back.

#![no_main]

use std::io::Read as _;

use exporter_deflate::Deflater;
use flate2::read::MultiGzDecoder;
use libdeflater::Decompressor;
use libfuzzer_sys::fuzz_target;

/// What a page is made of: what stood there before, from one place for some bytes, and bytes of its own.
type Part<'a> = (u32, u16, &'a [u8]);

/// Larger pages only take longer.
const LARGEST: usize = 3 << 20;

fn page(parts: &[Part<'_>]) -> Vec<u8> {
    let mut page = Vec::new();
    for (from, length, own) in parts {
        if !page.is_empty() && page.len() < LARGEST {
            let from = *from as usize % page.len();
            page.extend_from_within(from..(from + usize::from(*length)).min(page.len()));
        }
        page.extend_from_slice(own);
    }
    page
}

fuzz_target!(|input: (Vec<Part<'_>>, Vec<u32>)| {
    let (parts, cuts) = input;
    let text = page(&parts);
    let (mut deflater, mut packed) = (Deflater::new(), Vec::new());
    let mut rest = text.as_slice();
    for cut in cuts {
        let (piece, behind) = rest.split_at((cut as usize % LARGEST).min(rest.len()));
        deflater.write(piece, false, &mut packed);
        rest = behind;
    }
    deflater.write(rest, true, &mut packed);
    let mut found = Vec::new();
    MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut found).expect("zlib reads it");
    assert!(found == text);
    let mut found = vec![0; text.len()];
    let size =
        Decompressor::new().gzip_decompress(&packed, &mut found).expect("libdeflate reads it");
    assert!(size == text.len() && found == text);
});
