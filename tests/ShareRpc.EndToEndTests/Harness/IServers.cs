namespace ShareRpc.EndToEndTests.Harness;

/// <summary>What the clients of a run talk to, and what befalls it.</summary>
internal interface IServers : IAsyncDisposable
{
    int Kills { get; }

    int Stops { get; }

    /// <summary>Gets what the processes said, for a run that does not come to an end.</summary>
    string Errors { get; }

    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Starts again what died of a fault it was started with.</summary>
    Task ReviveAsync(CancellationToken cancellationToken);

    /// <summary>Kills, stops, pauses or cuts something, and starts it again after what happens meanwhile.</summary>
    Task StrikeAsync(Dice dice, Func<Task> meanwhile, CancellationToken cancellationToken);

    /// <summary>Nothing more befalls them: what is paused or cut goes on.</summary>
    Task SettleAsync(CancellationToken cancellationToken);

    /// <summary>Returns what else was found, once everything has ended.</summary>
    Task<IReadOnlyList<Finding>> JudgeAsync(CancellationToken cancellationToken);

    /// <summary>Returns what else is to be told of the run.</summary>
    string Describe();
}
