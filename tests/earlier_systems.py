"""The earlier systems of Table 1, as fields of `make_config`."""

SYSTEMS = {
    "context_encoder": {
        "generator__architecture": "context_encoder",
        "generator__num_downsamplings": 3,
        "discriminator__architecture": "global",
        "losses__reconstruction": "overlap_l2",
        "losses__adversarial": "bce",
    },
    "globally_locally": {
        "generator__architecture": "globally_locally",
        "discriminator__architecture": "global_local",
        "losses__reconstruction": "l2",
        "losses__adversarial": "bce",
    },
    "pix2pixhd": {
        "generator__normalization": "instance",
        "discriminator__normalization": "instance",
        "discriminator__patch_labels": "all_fake",
        "losses__reconstruction": "feature_matching",
    },
}
