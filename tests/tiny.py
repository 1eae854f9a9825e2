"""The smallest compact model that learns anything, for tests that fit one."""

TINY_COMPACT = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "warm_up": False,
}
