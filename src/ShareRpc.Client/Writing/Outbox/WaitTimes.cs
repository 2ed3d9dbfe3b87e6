namespace ShareRpc.Client.Writing.Outbox;

/// <summary>When it is, how often an op tries for its missing dependency, and how long in all; in milliseconds.</summary>
internal readonly record struct WaitTimes(long NowMs, long RetryMs, long PatienceMs);
