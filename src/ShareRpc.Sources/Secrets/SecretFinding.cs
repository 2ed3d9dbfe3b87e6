namespace ShareRpc.Sources.Secrets;

/// <summary>Where something was found; never what.</summary>
/// <param name="Rule">The rule's id.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 units.</param>
/// <param name="Length">In UTF-16 units.</param>
public sealed record SecretFinding(string Rule, int Line, int Column, int Length);
