"""Learned game engines: training, judging and playing them."""
