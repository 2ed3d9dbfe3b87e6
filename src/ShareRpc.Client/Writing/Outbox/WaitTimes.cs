namespace ShareRpc.Client.Writing.Outbox;

internal readonly record struct WaitTimes(long NowMs, long RetryMs, long PatienceMs);
