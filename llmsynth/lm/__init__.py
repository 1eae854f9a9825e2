"""Language models: backbones, training, decoding and the run folder."""
