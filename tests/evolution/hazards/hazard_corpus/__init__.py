"""Operations as data, and the oracles that find out what each of them does."""
