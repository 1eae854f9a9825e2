"""Laws of `llmsynth.table.id_contacts`."""

import numpy as np

from llmsynth.table.id_contacts import detect_contact, make_contacts

ROWS = np.arange(500)


def test_an_unused_exchange_is_chosen_for_phone_numbers():
    free = [f"{area}-{exchange}-0001" for area in range(200, 210) for exchange in range(200, 210)]
    # Three digits that vary would be too few to draw from.
    assert detect_contact(free, "phone", mostly_distinct=True) == "phone:###-555-####"
    full = [f"212-{k:03d}-{k:04d}" for k in range(1000)]
    pattern = detect_contact(full, "phone", mostly_distinct=True)
    assert not set(make_contacts(pattern, ROWS, 0)) & set(full)


def test_every_exchange_and_area_in_use_gives_longer_numbers():
    full = [f"{k:03d}-{k:03d}-{k:04d}" for k in range(1000)]
    pattern = detect_contact(full, "phone", mostly_distinct=True)
    new = make_contacts(pattern, ROWS, 0)
    assert len(set(new)) == len(new) and not set(new) & set(full)


def test_mail_domains_are_reserved_and_unused():
    assert detect_contact(["a@x.de", "b@y.de"], "", mostly_distinct=True) == "email:example.org"
    assert detect_contact(["a@example.org", "b@y.de"], "", mostly_distinct=True) == "email:example.net"
    assert detect_contact(["a@example.org", "b@example.net"], "", mostly_distinct=True) == "email:fresh.invalid"


def test_shared_digits_of_many_numbers_are_kept_and_those_of_a_few_are_not():
    many = [f"+49 30 {k:07d}" for k in range(1_234_567, 9_000_000, 765_433)]
    assert detect_contact(many, "phone", mostly_distinct=True) == "phone:+49 30 555####"
    for few in (["030 1234567"], ["030 1234567", "030 1234568"], many[:9]):
        pattern = detect_contact(few, "phone", mostly_distinct=False)
        assert not set("0123467") & set(pattern)  # but for 555, the exchange
        assert not set(make_contacts(pattern, ROWS, 0)) & set(few)
