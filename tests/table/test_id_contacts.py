"""Laws of `llmsynth.table.id_contacts`."""

import numpy as np

from llmsynth.table.id_contacts import detect_contact, make_contacts

ROWS = np.arange(500)


def test_an_unused_exchange_is_chosen_for_phone_numbers():
    free = [f"{area}-{exchange}-0001" for area in range(200, 210) for exchange in range(200, 210)]
    assert detect_contact(free, "phone", mostly_distinct=True) == "phone:20#-555-0001"
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
