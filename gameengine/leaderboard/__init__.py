"""The leaderboard: every engine on every game at a stated budget, in one table."""
