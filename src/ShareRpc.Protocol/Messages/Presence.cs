namespace ShareRpc.Protocol.Messages;

/// <summary>Result of <c>listPresence</c>.</summary>
public sealed record PresenceList
{
    /// <summary>Gets who has the share open, in the order of their ids.</summary>
    public required IReadOnlyList<PresentHolder> Present { get; init; }

    /// <summary>Gets how many more there are, if any.</summary>
    public int? More { get; init; }
}

/// <summary>A holder of a share that has it open.</summary>
public sealed record PresentHolder
{
    /// <summary>Gets the id that its comments carry, too.</summary>
    public required string Id { get; init; }

    /// <summary>Gets the label of its ref.</summary>
    public string? Label { get; init; }

    /// <summary>Gets whether it is the owner of the share.</summary>
    public bool? Owner { get; init; }

    /// <summary>Gets its handles: more than one person may hold one link.</summary>
    public required int Handles { get; init; }
}
