"""What `python -m eval.run` is made of: methods, their processes, the rows they made, and what is measured of those."""
