"""Composed clips: things on moving, shaking and blurred backgrounds, and what is true of them."""
