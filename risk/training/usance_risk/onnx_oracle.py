"""ONNX Runtime as a second, independent reader of the trained forest."""
import warnings

import numpy as np

FAR = 1e-4
MOST_FAR = 0.005


def compare(booster, x, raw):
    """Largest difference in probability, and the rows off by more than `FAR` because f32 thresholds route them elsewhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import onnxruntime
        from onnxmltools import convert_lightgbm
        from onnxmltools.convert.common.data_types import FloatTensorType
        converted = convert_lightgbm(booster, initial_types=[("x", FloatTensorType([None, x.shape[1]]))],
                                     target_opset=15, zipmap=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(converted.SerializeToString(), options, providers=["CPUExecutionProvider"])
    parts = [session.run(None, {"x": piece.astype(np.float32)})[1][:, 1] for piece in np.array_split(x, max(1, len(x) // 10_000))]
    distance = np.abs(np.concatenate(parts).astype(np.float64) - 1 / (1 + np.exp(-raw)))
    far = distance > FAR
    near = float(distance[~far].max())
    if far.mean() > MOST_FAR:
        raise ValueError(f"ONNX Runtime differs by more than {FAR} on {far.mean():.2%} of the rows")
    return {"rows": len(x), "far": int(far.sum()), "largest": float(distance.max()), "near": near,
            "words": f"largest difference in probability {near:.1e} on {len(x) - int(far.sum())} of {len(x)} rows; "
                     f"{int(far.sum())} rows are routed elsewhere by 32-bit thresholds (largest {distance.max():.1e})"}
