//! Whatever is compressed, in whatever pieces, zlib and libdeflate read back.

#![no_main]

use std::io::Read as _;

use exporter_deflate::Deflater;
use flate2::read::MultiGzDecoder;
use libdeflater::Decompressor;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u16>)| {
    let (text, cuts) = input;
    let (mut deflater, mut packed) = (Deflater::new(), Vec::new());
    let mut rest = text.as_slice();
    for cut in cuts {
        let (piece, behind) = rest.split_at(usize::from(cut).min(rest.len()));
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
