namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>
/// A value of the protocol. Its stubs and promises are references, which <see cref="Drop"/> gives back. Immutable.
/// </summary>
internal abstract record CapValue
{
    public virtual void Drop()
    {
    }
}

/// <summary>A JSON value, its arrays written as in JSON.</summary>
internal sealed record JsonValue(ReadOnlyMemory<byte> Utf8) : CapValue
{
    public static readonly JsonValue Null = new("null"u8.ToArray());
}

/// <summary>What JSON has no form for, as it is written in the protocol: <c>["date",0]</c>.</summary>
/// <param name="Kind">The word that it begins with.</param>
/// <param name="Utf8">All of it.</param>
internal sealed record SpecialValue(string Kind, ReadOnlyMemory<byte> Utf8) : CapValue;

internal sealed record ListValue(IReadOnlyList<CapValue> Items) : CapValue
{
    public override void Drop()
    {
        foreach (CapValue item in Items) item.Drop();
    }
}

internal sealed record ObjectValue(IReadOnlyList<KeyValuePair<string, CapValue>> Members) : CapValue
{
    public override void Drop()
    {
        foreach ((_, CapValue value) in Members) value.Drop();
    }
}

/// <summary>A live object; takes a reference to it.</summary>
internal sealed record StubValue : CapValue
{
    public StubValue(CapTarget target) => Target = target.Hold();

    public CapTarget Target { get; }

    public override void Drop() => Target.Drop();
}

/// <summary>What is to be replaced by its result before a call gets it; takes a reference to it.</summary>
internal sealed record PendingValue : CapValue
{
    public PendingValue(CapPromise promise) => Promise = promise.Hold();

    public CapPromise Promise { get; }

    public override void Drop() => Promise.Drop();
}
