"""Where a user's data lie: a folder, a bucket or LanceDB Cloud; locks, retries, forgetting."""
