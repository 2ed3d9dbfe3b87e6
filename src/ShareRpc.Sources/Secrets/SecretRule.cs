namespace ShareRpc.Sources.Secrets;

/// <summary>One kind of secret, and how it is recognised. See <c>SecretRules.json</c>.</summary>
public sealed record SecretRule
{
    /// <summary>What the marker says: 1 to 40 of <c>a-z 0-9 -</c>.</summary>
    public required string Id { get; init; }

    /// <summary>What it is, for people.</summary>
    public required string What { get; init; }

    /// <summary>One of these is in whatever matches, in any case; none for a rule that is tried on every text, which costs.</summary>
    public IReadOnlyList<string> Keywords { get; init; } = [];

    /// <summary>
    /// A .NET regular expression, run without backtracking: no lookarounds and no backreferences. Of a match only the group
    /// <c>secret</c> is replaced, if the pattern has one.
    /// </summary>
    public required string Pattern { get; init; }

    /// <summary>Only what has a letter and a digit.</summary>
    public bool Mixed { get; init; }

    /// <summary>For values of JSON fields only: what the field's name matches. The whole value is replaced.</summary>
    public string? Field { get; init; }

    /// <summary>A text that the rule must find something in; in pieces, so that no file holds it whole.</summary>
    public required IReadOnlyList<string> Example { get; init; }

    /// <summary>A text that the rule must find nothing in.</summary>
    public required string Counterexample { get; init; }
}
