"""Fitting a discriminant to photos of things, and measuring it on things that it has not seen."""
