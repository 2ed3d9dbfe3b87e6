namespace ShareRpc.Server.Checking;

/// <summary>How far a check or a backup is.</summary>
/// <param name="Step">What is being looked at, for people.</param>
/// <param name="Done">How many of <paramref name="Total"/> are done.</param>
/// <param name="Total">0 when that cannot be known.</param>
public sealed record CheckProgress(string Step, long Done, long Total);
