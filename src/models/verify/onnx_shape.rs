//! Reads the output shapes of an ONNX file without running it (field numbers from onnx.proto3, IR version 9).

const MODEL_GRAPH: u64 = 7;
const GRAPH_OUTPUT: u64 = 12;
const VALUE_TYPE: u64 = 2;
const TYPE_TENSOR: u64 = 1;
const TENSOR_SHAPE: u64 = 2;
const SHAPE_DIM: u64 = 1;
const DIM_VALUE: u64 = 1;

/// The last dimension of every graph output, `None` where it is symbolic. `None` when `bytes` is not an ONNX model.
pub(super) fn output_widths(bytes: &[u8]) -> Option<Vec<Option<u64>>> {
    let graph = message(bytes, MODEL_GRAPH)?;
    let mut widths = Vec::new();
    for field in Fields(graph) {
        let (number, Wire::Bytes(output)) = field? else { continue };
        if number == GRAPH_OUTPUT {
            widths.push(last_dimension(output));
        }
    }
    (!widths.is_empty()).then_some(widths)
}

fn last_dimension(output: &[u8]) -> Option<u64> {
    let tensor = message(message(output, VALUE_TYPE)?, TYPE_TENSOR)?;
    let shape = message(tensor, TENSOR_SHAPE)?;
    let mut last = None;
    for field in Fields(shape) {
        if let (SHAPE_DIM, Wire::Bytes(dimension)) = field? {
            last = Fields(dimension).flatten().find_map(|field| match field {
                (DIM_VALUE, Wire::Number(value)) => Some(value),
                _ => None,
            });
        }
    }
    last
}

/// The first embedded message with that field number.
fn message(bytes: &[u8], wanted: u64) -> Option<&[u8]> {
    Fields(bytes).map_while(|field| field).find_map(|field| match field {
        (number, Wire::Bytes(bytes)) if number == wanted => Some(bytes),
        _ => None,
    })
}

enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of one protobuf message; `None` marks bytes that are not protobuf, and ends the walk.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Wire<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Option<(u64, Wire<'a>)> {
        let key = self.varint()?;
        let wire = match key & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Bytes(self.take(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, wire))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2, body.len() as u8];
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn reads_the_last_dimension_and_survives_rubbish() {
        let dims = [field(1, &[2 << 3 | 2, 1, b'b']), field(1, &[1 << 3, 0x80, 0x03])].concat();
        let value = field(2, &field(1, &[vec![1 << 3, 1], field(2, &dims)].concat()));
        let model = field(7, &field(12, &value));
        assert_eq!(output_widths(&model), Some(vec![Some(384)]));
        assert_eq!(output_widths(b"not an onnx file"), None);
        assert_eq!(output_widths(&model[..model.len() - 3]), None);
        assert_eq!(output_widths(&[]), None);
    }
}
