namespace ShareRpc.EndToEndTests.Harness;

/// <summary>What the proxy does to the next piece of traffic from a client.</summary>
internal enum Fault
{
    /// <summary>It never leaves, and the connection is cut.</summary>
    CutBeforeSend,

    /// <summary>It arrives, and its answer never comes: the connection is cut.</summary>
    CutAfterSend,

    /// <summary>Half of it arrives.</summary>
    CutMidFrame,

    /// <summary>It arrives late.</summary>
    Delay,

    /// <summary>Nothing passes for a while, either way, without a word; then the connection is cut.</summary>
    BlackHole,

    /// <summary>
    /// The next connection is made twice: all its client says reaches the server on two connections at once.
    /// </summary>
    ConnectTwice,

    /// <summary>Every connection is cut.</summary>
    CutAll,
}
