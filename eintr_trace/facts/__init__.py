"""Tables of facts, one citation a row: kernel, CPython, Thrift."""
