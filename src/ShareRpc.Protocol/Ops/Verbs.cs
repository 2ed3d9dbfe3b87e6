namespace ShareRpc.Protocol.Ops;

/// <summary>What an op does to its document.</summary>
public static class Verbs
{
    /// <summary>The document becomes the data: an object or an array.</summary>
    public const string Put = "put";

    /// <summary>The document is no more. No data.</summary>
    public const string Remove = "remove";

    /// <summary>Text is added to one field: <c>{"field": name, "text": text}</c>.</summary>
    public const string Append = "append";

    /// <summary>True for one of the three.</summary>
    public static bool IsKnown(string? verb) => verb is Put or Remove or Append;
}
