"""Web pages of this machine, and the servers behind them: the studio, the study."""
