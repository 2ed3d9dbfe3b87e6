namespace ShareRpc.Sources.GeminiCli;

/// <summary>
/// The messages of a conversation, by id and by content. They are found by reading the files again, and only when a
/// record needs more than the last ones.
/// </summary>
/// <param name="load">Reads them.</param>
internal sealed class ChatHistory(Func<ChatHistory> load)
{
    private List<KnownMessage>? messages;

    /// <summary>Gets the messages in the order in which they came.</summary>
    public IReadOnlyList<KnownMessage> All => messages ??= load().messages!;

    /// <summary>Gets whether the files were read for it.</summary>
    public bool IsLoaded => messages is not null;

    /// <summary>Returns the history of a conversation that is read from its start.</summary>
    public static ChatHistory Empty() =>
        new(() => throw new InvalidOperationException("It is known.")) { messages = [] };

    /// <summary>Adds a message, if the others are known.</summary>
    public void Add(KnownMessage message) => messages?.Add(message);

    /// <summary>Takes over the objects that the state holds.</summary>
    public void Unite(ChatState state)
    {
        var byKey = All.ToDictionary(message => message.Key, StringComparer.Ordinal);
        for (int at = 0; at < state.Recent.Count; at++)
        {
            if (byKey.TryGetValue(state.Recent[at].Key, out KnownMessage? same)) state.Recent[at] = same;
        }
    }

    /// <summary>
    /// Returns for each entry of a list which known message it is, null for a new one: by id, else by what was said,
    /// the last one first, since lists keep their end.
    /// </summary>
    public KnownMessage?[] Match(IReadOnlyList<(string? Id, string Digest)> list)
    {
        var found = new KnownMessage?[list.Count];
        var free = new HashSet<KnownMessage>(All.Where(message => !message.IsUndone));
        for (int at = 0; at < list.Count; at++)
        {
            string? id = list[at].Id;
            KnownMessage? same = id is null ? null : free.FirstOrDefault(message => message.Id == id
                && message.Digest.AsSpan(0, 1).SequenceEqual(list[at].Digest.AsSpan(0, 1)));
            if (same is not null && free.Remove(same)) found[at] = same;
        }

        ILookup<string, KnownMessage> byDigest =
            All.Reverse().ToLookup(message => message.Digest, StringComparer.Ordinal);
        for (int at = list.Count - 1; at >= 0; at--)
        {
            KnownMessage? same = found[at] is null ? byDigest[list[at].Digest].FirstOrDefault(free.Contains) : null;
            if (same is not null && free.Remove(same)) found[at] = same;
        }

        return found;
    }
}
