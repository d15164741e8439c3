/** What `eval "$(wilco completion bash)"` and its likes put into a shell. The candidates come from `wilco complete`. */

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Where there are no candidates, the shell's own completion of files takes over: `run FILE`, `--params FILE`. */
export const COMPLETION_SCRIPTS: Record<Shell, string> = {
  // bash splits words at "=" and ":", so what stands before the last of them is taken off the candidates again.
  bash: `_wilco() {
  local line="\${COMP_LINE:0:COMP_POINT}" IFS=$'\\n'
  local word="\${line##*[[:space:]]}" part="\${COMP_WORDS[COMP_CWORD]}"
  case "$part" in "=" | ":") part="" ;; esac
  local words
  IFS=' ' read -r -a words <<< "$line"
  case "$line" in *[[:space:]]) words+=("") ;; esac
  COMPREPLY=($(wilco complete -- "\${words[@]:1}" 2>/dev/null))
  COMPREPLY=("\${COMPREPLY[@]#"\${word%"$part"}"}")
  case "\${COMPREPLY[0]}" in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -o default -o nosort -F _wilco wilco 2>/dev/null || complete -o default -F _wilco wilco
`,
  // In zsh a colon ends the word and begins what it is about.
  zsh: `#compdef wilco
_wilco() {
  local -a candidates open plain described
  local one
  candidates=(\${(f)"$(wilco complete --describe -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  (( $#candidates )) || { _files; return }
  for one in $candidates; do
    case $one in
      *$'\t'*) described+=("\${\${one%%$'\t'*}//:/\\:}:\${one#*$'\t'}") ;;
      *=) open+=("$one") ;;
      *) plain+=("$one") ;;
    esac
  done
  (( $#open )) && compadd -S '' -- $open
  (( $#plain )) && compadd -- $plain
  (( $#described )) && _describe -V wilco described
}
compdef _wilco wilco
`,
  fish: `function __wilco_complete
  set -l words (commandline -opc)
  set -l candidates (wilco complete --describe -- $words[2..-1] (commandline -ct) 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c wilco -f -k -a '(__wilco_complete)'
`,
};
