"""What is measured: the product and the baselines behind one protocol."""
