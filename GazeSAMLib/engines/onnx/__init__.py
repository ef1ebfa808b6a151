"""Engine `onnx`: Segment Anything models that were exported, on onnxruntime, without torch."""
