namespace ShareRpc.Client.Reading;

/// <summary>Where a following reader stands.</summary>
public enum ReaderState
{
    Connecting,

    /// <summary>Reading what was there before.</summary>
    CatchingUp,

    /// <summary>At the head, waiting for the next op.</summary>
    Live,

    /// <summary>The connection was lost, or the server asked to wait; it will try again from its cursor.</summary>
    Reconnecting,

    /// <summary>The share has ended, and everything was read.</summary>
    Ended,
}
