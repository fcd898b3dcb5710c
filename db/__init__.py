"""The database room: typed models, sessions, queries and migrations. Knows neither app nor engine."""
