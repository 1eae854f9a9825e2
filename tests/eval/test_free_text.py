"""The plain opponent writes, parses and judges rows by the known names."""

import numpy as np
import pandas as pd

from eval import free_text

FRAME = pd.DataFrame({"age": [39, 20], "sex": ["Male", None]})


def test_every_written_row_parses_back():
    texts = free_text.sentences(FRAME)
    assert texts == ["age is 39, sex is Male", "age is 20, sex is None"]
    rows = free_text.parse(texts, ["age", "sex"])
    assert rows.age.tolist() == ["39", "20"]
    assert free_text.valid_rows(rows, FRAME) == 2


def test_broken_rows_are_left_out_and_impossible_ones_not_counted():
    texts = [
        "age is 39",
        "sex is Male, age is 39",
        "age is 25, sex is Male",
        "age is 99, sex is Male",
        "age is x, sex is y",
    ]
    rows = free_text.parse(texts, ["age", "sex"])
    assert len(rows) == 3
    assert free_text.valid_rows(rows, FRAME) == 1


class Tokenizer:
    """One token per character."""

    eos_token, eos_token_id = "$", 36

    def __call__(self, text):
        return {"input_ids": [ord(character) for character in text]}


def test_padding_is_masked_and_every_sentence_ends():
    tokens, mask = free_text.padded(Tokenizer(), ["abc", "a"])
    assert tokens.shape == (2, 4)
    assert mask.sum(dim=1).tolist() == [4, 2]
    assert tokens[0, 3] == tokens[1, 1] == 36


def test_a_plain_step_learns_from_real_tokens_only():
    import torch

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Parameter(torch.zeros(128, 128))

        def forward(self, input_ids, attention_mask, labels):
            logits = self.table[input_ids][:, :-1]
            loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 128), labels[:, 1:].reshape(-1))
            return type("Output", (), {"loss": loss})

    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    tokens, mask = free_text.padded(Tokenizer(), ["abc", "a"])
    first = free_text.plain_step(model, optimizer, tokens, mask)
    assert np.isclose(first, np.log(128))
    assert free_text.plain_step(model, optimizer, tokens, mask) < first
    assert model.table[36].abs().sum() == 0  # nothing follows the end token
