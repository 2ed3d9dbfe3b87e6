namespace ShareRpc.Server.Supervision;

/// <summary>
/// Background work that goes on for as long as the server runs. The <see cref="Supervisor"/> starts it, once at a time.
/// </summary>
internal interface IServerLoop
{
    /// <summary>Returns the name in logs, in the metric and in the answer of the health check.</summary>
    string Name { get; }

    /// <summary>
    /// Works until cancelled, and calls <paramref name="succeeded"/> after each round of work. Whatever else it throws
    /// is a failure: it is then called again, after a backoff, and must go on with what is left.
    /// </summary>
    Task RunAsync(Action succeeded, CancellationToken stopping);

    /// <summary>
    /// Returns true for a loop that is not ended by its token, but by itself once it has done what waits: if it throws
    /// after the token was cancelled, it is started again.
    /// </summary>
    bool EndsByItself => false;
}
