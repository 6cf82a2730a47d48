"""The embedded profile: a DINOv2-small that a package ships, with saliency, on onnxruntime."""
