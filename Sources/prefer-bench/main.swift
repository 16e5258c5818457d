// Measures the kernels.
