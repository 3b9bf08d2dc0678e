//! Masking (RFC 6455 section 5.3): a payload is XORed with a key of four bytes, over and over. Keeps nothing.

/// Bytes that are masked at a time. Wide enough that a build without optimisation masks 16 MiB in some hundredths of a
/// second; the compiler makes vector instructions of it in the others.
const WORD: usize = 16;

/// Appends `payload`, masked or unmasked, which is the same. It begins so many bytes after the start of its frame.
pub(super) fn append(payload: &[u8], key: Option<[u8; 4]>, offset: u64, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(mut key) = key {
        key.rotate_left((offset % 4) as usize);
        apply(key, &mut out[start..]);
    }
}

fn apply(key: [u8; 4], bytes: &mut [u8]) {
    let mut wide = [0; WORD];
    for (at, byte) in wide.iter_mut().enumerate() {
        *byte = key[at % 4];
    }
    let wide = u128::from_ne_bytes(wide);
    let mut words = bytes.chunks_exact_mut(WORD);
    for word in &mut words {
        let masked = u128::from_ne_bytes((&*word).try_into().expect("it has the size of a word"));
        word.copy_from_slice(&(masked ^ wide).to_ne_bytes());
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// The key that follows one: a xorshift generator with the full period (Marsaglia 2003), so none repeats soon.
pub(super) fn next_key(key: u32) -> u32 {
    let key = key ^ (key << 13);
    let key = key ^ (key >> 17);
    key ^ (key << 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_piece_is_masked_as_if_byte_by_byte(
            key: [u8; 4],
            payload in proptest::collection::vec(any::<u8>(), 0..100),
            cut in 0usize..100,
        ) {
            let cut = cut.min(payload.len());
            let expected: Vec<u8> =
                payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
            let mut got = Vec::new();
            append(&payload[..cut], Some(key), 0, &mut got);
            append(&payload[cut..], Some(key), cut as u64, &mut got);
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn keys_change_and_do_not_end_at_zero() {
        let mut key = 1;
        for _ in 0..1000 {
            let next = next_key(key);
            assert_ne!(next, key);
            assert_ne!(next, 0);
            key = next;
        }
    }
}
