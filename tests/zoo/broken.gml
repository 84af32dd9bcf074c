graph [
  node [ id 0 label "Geneve" ]
  node [ id 0 label "Lyon" ]
  node [ label "Milano" ]
  edge [ source 0 target 7 ]
  edge [ target 0 ]
]
