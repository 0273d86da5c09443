"""Networks: generators, discriminators, the selector."""
