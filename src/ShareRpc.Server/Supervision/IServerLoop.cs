namespace ShareRpc.Server.Supervision;

/// <summary>Runs for the server's lifetime, one instance at a time, by <see cref="Supervisor"/>.</summary>
internal interface IServerLoop
{
    /// <summary>Gets the name for logs and metrics; empty for one that has nothing to do and is not run.</summary>
    string Name { get; }

    /// <summary>
    /// Works until cancelled, and calls <paramref name="succeeded"/> after each round of work. Whatever else it throws
    /// is a failure: it is then called again, after a backoff, and must go on with what is left.
    /// </summary>
    Task RunAsync(Action succeeded, CancellationToken stopping);

    /// <summary>
    /// True if its work, not cancellation, ends it; then it is restarted after a failure even when cancelled.
    /// </summary>
    bool EndsByItself => false;
}
